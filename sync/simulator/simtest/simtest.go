// Package simtest gives tests the RSA keys of simulated platforms, so that none has to wait for keys to be found: those
// of a platform take seconds. It is for tests only; the keys are public, and nobody's.
//
// Contract: the same name gives the same key, of 2048 bits, in every process; there are as many keys as a platform needs,
// and names beyond them share one. What cannot be read panics: the test is wrong.
package simtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"hash/fnv"
	"sync"
	"time"

	"relais/sync/simulator"
)

//go:embed testdata/keys.pem
var text []byte

var keys = sync.OnceValue(func() (list []*rsa.PrivateKey) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			panic(err)
		}
		list = append(list, key.(*rsa.PrivateKey))
	}
	return list
})

// names are whose keys a platform asks for, each with one of its own.
var names = []string{
	"authority", "SIMULATED STS", "SIMULATED ETK-RA", "SIMULATED SERVICE LIST",
	simulator.RecipeID.Key() + " signing", simulator.RecipeID.Key() + " encryption",
	simulator.KGSSID.Key() + " signing", simulator.KGSSID.Key() + " encryption",
	simulator.DoctorID.Key() + " signing", simulator.DoctorID.Key() + " encryption",
	simulator.PharmacyID.Key() + " signing", simulator.PharmacyID.Key() + " encryption",
}

// Keys fits simulator.Keys.
func Keys(whose string) (*rsa.PrivateKey, error) {
	list := keys()
	for i, name := range names {
		if name == whose {
			return list[i], nil
		}
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(whose))
	return list[h.Sum32()%uint32(len(list))], nil
}

// PKI is a platform with these keys, whose certificates are valid around a moment.
func PKI(at time.Time) *simulator.PKI {
	p, err := simulator.NewPKI(rand.Reader, Keys, at)
	if err != nil {
		panic(err)
	}
	return p
}
