//go:build unix && !linux

package secrets

func inMemory() string { return "" }
