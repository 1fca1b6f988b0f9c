package config

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"relais/app/rx"
)

func anchors() map[string]string {
	sets := map[string]string{}
	for _, purpose := range Purposes {
		sets[purpose] = "# nobody"
	}
	return sets
}

func addressed() File {
	return File{Name: "essai", Services: AtPlatform, Platform: &Platform{
		Endpoints: Endpoints{STS: "https://127.0.0.1:1/sts", ETK: "http://localhost:2/etk", KGSS: "https://[::1]:3/kgss", Prescriber: "https://127.0.0.1:4/recipe"},
		Anchors:   anchors(),
	}}
}

func TestPlatformOfAFile(t *testing.T) {
	p, faults := addressed().Profile()
	if len(faults) > 0 || p.Platform == nil || !p.Simulated || p.Ready() != nil {
		t.Fatalf("%+v, %v", p, faults)
	}
	if f := p.Platform; f.STSForm != WSTrust || f.Signature != SHA256 || f.PrescriptionVersion != "kmehr_1.29" {
		t.Errorf("what is left open: %+v", f)
	}
	kept, err := p.Keep()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Kept(p.Environment, kept)
	if err != nil || !reflect.DeepEqual(again, p) {
		t.Errorf("kept and read: %+v, %v", again, err)
	}
}

func TestPlatformFaults(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*File)
		code   rx.Code
		path   string
	}{
		"no platform":           {func(f *File) { f.Platform = nil }, rx.CodeMissing, "$.platform"},
		"inside, with one":      {func(f *File) { f.Services = Simulated }, CodePlatformInside, "$.platform"},
		"no address":            {func(f *File) { f.Platform.Endpoints.KGSS = "" }, rx.CodeMissing, "$.platform.endpoints.kgss"},
		"not an address":        {func(f *File) { f.Platform.Endpoints.STS = "sts" }, CodeAddress, "$.platform.endpoints.sts"},
		"another protocol":      {func(f *File) { f.Platform.Endpoints.STS = "ftp://127.0.0.1/" }, CodeAddress, "$.platform.endpoints.sts"},
		"a name in the address": {func(f *File) { f.Platform.Endpoints.STS = "https://user@127.0.0.1/" }, CodeAddress, "$.platform.endpoints.sts"},
		"another computer":      {func(f *File) { f.Platform.Endpoints.ETK = "https://192.0.2.1/" }, CodeBeyond, "$.platform.endpoints.etk"},
		"a name of elsewhere":   {func(f *File) { f.Platform.Endpoints.ServiceList = "https://127.0.0.1.example/" }, CodeBeyond, "$.platform.endpoints.service_list"},
		"elsewhere without TLS": {func(f *File) { f.Platform.Beyond = true; f.Platform.Endpoints.ETK = "http://192.0.2.1/" }, CodeAddress, "$.platform.endpoints.etk"},
		"five sets":             {func(f *File) { delete(f.Platform.Anchors, "sts") }, CodeAnchorsLack, "$.platform.anchors"},
		"another set":           {func(f *File) { f.Platform.Anchors["tsl"] = "# nobody" }, CodeAnchors, "$.platform.anchors"},
		"form of the STS":       {func(f *File) { f.Platform.STSForm = "oauth" }, rx.CodeNotInList, "$.platform.sts_form"},
		"signature":             {func(f *File) { f.Platform.Signature = "md5" }, rx.CodeNotInList, "$.platform.signature"},
		"Recip-e":               {func(f *File) { f.Platform.Recipe = &Identifier{Type: "CBE"} }, rx.CodeNotInList, "$.platform.recipe"},
		"version":               {func(f *File) { f.Platform.PrescriptionVersion = "a b" }, CodeWordForm, "$.platform.prescription_version"},
		"vendor":                {func(f *File) { f.Platform.Vendor = "Acme Médical" }, CodeWordForm, "$.platform.vendor"},
	} {
		f := addressed()
		c.change(&f)
		_, faults := f.Profile()
		if len(faults) != 1 || faults[0].Code != c.code || faults[0].Path != c.path {
			t.Errorf("%s: %v", name, faults)
		}
	}
	f := addressed()
	f.Platform.Beyond, f.Platform.Endpoints.ETK = true, "https://192.0.2.1/"
	if _, faults := f.Profile(); len(faults) > 0 {
		t.Errorf("said that it may: %v", faults)
	}
}

// What is compiled in has its addresses, and starts without anchors never.
func TestBuiltInPlatforms(t *testing.T) {
	hosts := map[string]bool{}
	for _, p := range Profiles() {
		if p.Platform == nil {
			continue
		}
		if p.Ready() == nil || len(p.Platform.Anchors) > 0 || !slices.Contains(p.Missing, "anchors") {
			t.Errorf("%s is ready, or has anchors", p.Environment)
		}
		whole := *p.Platform
		whole.Anchors = anchors()
		if _, faults := whole.complete(); len(faults) > 0 {
			t.Errorf("%s: %v", p.Environment, faults)
		}
		hosts[p.Platform.Endpoints.Prescriber] = true
	}
	if len(hosts) != 2 {
		t.Errorf("%v", slices.Sorted(maps.Keys(hosts)))
	}
}
