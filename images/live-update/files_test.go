package main

import (
	"os"
	"path/filepath"
	"testing"
)

func content(text string) *[]byte {
	bytes := []byte(text)
	return &bytes
}

func TestChangesFilesBelowItsRootsOnly(t *testing.T) {
	root := t.TempDir()
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		filepath.Join(outside, "a"),
		root,
		root + "-beside/a",
		filepath.Join(root, "..", "a"),
		filepath.Join(root, "link", "a"),
	} {
		if err := (Change{Path: path, Content: content("x"), Mode: 0o644}).apply([]string{root}); err == nil {
			t.Errorf("%s was changed", path)
		}
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("%v was written outside", left)
	}
}

func TestReplacesCreatesAndRemoves(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "new", "main.py")
	roots := []string{root}
	compiled := filepath.Join(root, "new", "__pycache__", "main.cpython-311.pyc")
	for _, text := range []string{"first", "second"} {
		if err := (Change{Path: file, Content: content(text), Mode: 0o755}).apply(roots); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(file); string(got) != text {
			t.Errorf("%q instead of %q", got, text)
		}
		if _, err := os.Stat(compiled); err == nil {
			t.Error("the old bytecode is still there")
		}
		if err := os.MkdirAll(filepath.Dir(compiled), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(compiled, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o755 {
		t.Errorf("mode %v", info.Mode())
	}
	if err := (Change{Path: filepath.Join(root, "new")}).apply(roots); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(root); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func TestCopiesModesTimesAndLinks(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	folder := filepath.Join(from, "folder")
	file := filepath.Join(folder, "run")
	for _, err := range []error{
		os.Mkdir(folder, 0o755),
		os.WriteFile(file, []byte("x"), 0o755),
		os.Symlink("folder/run", filepath.Join(from, "link")),
		os.Chmod(folder, 0o555),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	defer os.Chmod(folder, 0o755)
	if err := copyTree(from, to); err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(file)
	after, err := os.Stat(filepath.Join(to, "folder", "run"))
	if err != nil || after.Mode() != before.Mode() || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("%v became %v: %v", before, after, err)
	}
	if link, _ := os.Readlink(filepath.Join(to, "link")); link != "folder/run" {
		t.Errorf("the link leads to %q", link)
	}
	// Changes are to come into a folder that could not be written to.
	if err := (Change{Path: filepath.Join(to, "folder", "new"), Content: content("")}).apply([]string{to}); err != nil {
		t.Error(err)
	}
}
