package cli

import (
	"strings"

	"github.com/alecthomas/kong"
)

// helpKeys are the texts of the help: "cli.help.KEY" in the catalogues, ${help_KEY} in the
// tree.
var helpKeys = []string{
	"data", "demo", "json", "lang",
	"init", "prescribe", "issue", "list", "show", "status", "send", "proof", "paper", "redo", "revoke", "withdraw", "settle", "let_go", "twin",
	"repeat", "patients", "patients_find", "verify", "export", "schema", "drill", "simulate", "simulate_plan",
	"simulate_serve", "simulate_listen", "simulate_tls", "simulate_pki", "simulate_trust", "simulate_state", "simulate_faults", "simulate_knobs",
	"practice", "profile", "file", "draft", "paper_reason", "handwritten", "date", "wait", "as_free_text", "out", "force", "state", "patient",
	"although", "reason", "outcome", "outcome_reason", "seeds", "dir", "csv", "name", "id", "ids", "order_id", "draft_id", "duty_id",
	"refresh", "open", "feedback", "feedback_read", "visibility", "visibility_to", "ask_feedback", "ask_feedback_to", "notify", "pharmacy",
	"notify_although", "rid", "simulate_deliver", "simulate_feedback",
	"print", "print_reason", "again", "right", "print_list", "print_day", "print_test", "print_pharmacist", "print_poster", "print_drill", "print_language", "print_out", "seed",
	"stock", "stock_count", "stock_add", "stock_low", "printer", "media", "tray", "printers", "printers_use", "print_kind",
	"interop", "seal", "unseal", "etk", "p12", "pass_file", "to", "kek_file", "kek_id", "in_out", "in", "message_out", "trust", "at", "eid", "etk_file",
	"sign_soap", "verify_soap", "assertion", "sha1", "sha1_too", "soap_in", "soap_out",
	"kmehr", "validate_kmehr", "kmehr_type", "kmehr_expires", "kmehr_line", "kmehr_practice", "kmehr_at",
	"identity", "identity_find", "identity_add", "identity_show", "identity_forget", "identity_file", "profiles",
}

// help prints the help of the program or of a command.
func (r *run) help(_ kong.HelpOptions, ctx *kong.Context) error {
	p := &page{run: r}
	node := ctx.Selected()
	if node == nil || node.Name == "window" {
		node = ctx.Model.Node
	}
	p.say("cli.usage", "usage", summary(node))
	if node == ctx.Model.Node {
		p.line("")
		p.say("cli.about")
	} else {
		p.line("\n%s", node.Help)
	}
	var rows [][]string
	for _, arg := range node.Positional {
		rows = append(rows, []string{"  " + arg.Summary(), arg.Help})
	}
	for _, leaf := range node.Leaves(true) {
		if leaf != node {
			rows = append(rows, []string{"  " + strings.TrimPrefix(leaf.Path(), node.Path()+" "), leaf.Help})
		}
	}
	p.section("cli.commands", rows)
	rows = nil
	for _, flags := range node.AllFlags(true) {
		for _, flag := range flags {
			if flag.Name != "help" {
				rows = append(rows, []string{"  " + flag.String(), flag.Help})
			}
		}
	}
	p.section("cli.flags", rows)
	_, err := r.Stdout.Write([]byte(p.text.String()))
	return err
}

func (p *page) section(key string, rows [][]string) {
	if len(rows) > 0 {
		p.line("")
		p.say(key)
		p.table(rows)
	}
}
