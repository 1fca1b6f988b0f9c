package damage

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
)

const seed = 1

// count is how many cases of each way ended how.
type count struct {
	sync.Mutex
	of map[string]map[verdict]int
}

func (c *count) add(way string, v verdict) {
	c.Lock()
	defer c.Unlock()
	if c.of[way] == nil {
		c.of[way] = map[verdict]int{}
	}
	c.of[way][v]++
}

// R6: whatever is done to the files of a directory, what is read afterwards is true or told, and nothing damaged is acted on. RELAIS_CASE=N plays
// one case again.
func TestDamage(t *testing.T) {
	cases, first := 1000, 0
	if os.Getenv("RELAIS_SOAK") != "" {
		cases = 10_000
	}
	if testing.Short() {
		cases = 100
	}
	if n, err := strconv.Atoi(os.Getenv("RELAIS_CASE")); err == nil {
		first, cases = n, 1
	}
	t.Logf("seed %d, cases %d to %d", seed, first, first+cases-1)
	const workers = 2
	counts := &count{of: map[string]map[verdict]int{}}
	t.Run("cases", func(t *testing.T) {
		for worker := range workers {
			t.Run(strconv.Itoa(worker), func(t *testing.T) {
				t.Parallel()
				p, err := newPractice(filepath.Join(t.TempDir(), "a"), seed)
				if err != nil {
					t.Fatal(err)
				}
				other, err := newPractice(filepath.Join(t.TempDir(), "b"), seed+1)
				if err != nil {
					t.Fatal(err)
				}
				if err := p.besides(other); err != nil {
					t.Fatal(err)
				}
				for n := first + worker; n < first+cases; n += workers {
					name, v, err := play(p, other, n)
					if err != nil {
						t.Errorf("case %d, %s: %v", n, name, err)
					}
					counts.add(name, v)
				}
			})
		}
	})
	sum := map[verdict]int{}
	for _, name := range slices.Sorted(maps.Keys(counts.of)) {
		line := ""
		for _, v := range slices.Sorted(maps.Keys(counts.of[name])) {
			n := counts.of[name][v]
			line += fmt.Sprintf("  %s: %d", v, n)
			sum[v] += n
		}
		t.Logf("%-32s%s", name, line)
	}
	t.Logf("together: %v", sum)
	if cases >= 1000 {
		for _, v := range []verdict{atOpening, asking, byCheck, harmless} {
			if sum[v] < cases/50 {
				t.Errorf("only %d cases of %q: the suite shows little", sum[v], v)
			}
		}
	}
}

// play plays one case. It depends on its number and the seed alone.
func play(p, other *practice, n int) (name string, v verdict, err error) {
	rng := rand.New(rand.NewPCG(seed, uint64(n)))
	begin := p.now
	defer func() {
		p.now = begin
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	for range 100 {
		w := n % (len(ways) + 1)
		if w == len(ways) {
			files := p.image[atRest]
			if err := p.lay(files); err != nil {
				return "vault", "", err
			}
			v, err = p.guarded(flip(files[filepath.Join(p.dir.Data, "vault.json")], rng))
			return "bit of the vault", v, err
		}
		way := ways[w]
		d := &damager{p: p, other: other, rng: rng, moment: way.moment}
		if d.moment == "" {
			d.moment = []string{atRest, killed}[rng.IntN(2)]
		}
		d.files = maps.Clone(p.image[d.moment])
		var script, named []string
		if way.files != nil {
			way.files(d)
		}
		if err := p.lay(d.files); err != nil {
			return way.name, "", err
		}
		if way.sql != nil {
			if script, named, err = d.edit(way); err != nil {
				return way.name, "", err
			}
		}
		if !d.done { // it hit nothing: once more
			continue
		}
		v, err = p.judge(d.moment, rng, named)
		if err != nil && script != nil {
			err = fmt.Errorf("%w: %q", err, script)
		}
		return way.name, v, err
	}
	return ways[n%(len(ways)+1)].name, "", errors.New("it never hit anything")
}
