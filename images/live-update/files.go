package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Change is one file that is to be different.
type Change struct {
	// Path in the container, absolute.
	Path string `json:"path"`
	// Content is absent where the file is to go.
	Content *[]byte `json:"content,omitempty"`
	// Mode is the file's permissions.
	Mode fs.FileMode `json:"mode,omitempty"`
	// Link is where a symbolic link leads, instead of a content.
	Link string `json:"link,omitempty"`
}

// apply makes the change. Below roots only: everything else belongs to the image.
func (change Change) apply(roots []string) error {
	path := filepath.Clean(change.Path)
	root, ok := rootOf(roots, path)
	if !ok {
		return fmt.Errorf("%s is in none of %s", change.Path, strings.Join(roots, ", "))
	}
	if err := staysIn(root, path); err != nil {
		return err
	}
	forgetBytecode(path)
	switch {
	case change.Link != "":
		return replace(path, func(temporary string) error { return os.Symlink(change.Link, temporary) })
	case change.Content == nil:
		return os.RemoveAll(path)
	default:
		return replace(path, func(temporary string) error {
			return writeFile(temporary, *change.Content, change.Mode.Perm())
		})
	}
}

func rootOf(roots []string, path string) (string, bool) {
	for _, root := range roots {
		if strings.HasPrefix(path, strings.TrimSuffix(root, "/")+"/") {
			return root, true
		}
	}
	return "", false
}

// staysIn refuses a path that leaves root by a symbolic link on the way.
func staysIn(root, path string) error {
	for folder := filepath.Dir(path); folder != root && folder != "/"; folder = filepath.Dir(folder) {
		if info, err := os.Lstat(folder); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return fmt.Errorf("%s is a symbolic link", folder)
		}
	}
	return nil
}

// replace puts a new file into the place of an old one at once, so that nobody sees half of it.
func replace(path string, create func(temporary string) error) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	temporary := filepath.Join(folder, fmt.Sprintf(".vapp-%d", time.Now().UnixNano()))
	if err := create(temporary); err != nil {
		os.Remove(temporary)
		return err
	}
	return os.Rename(temporary, path)
}

func writeFile(path string, content []byte, mode fs.FileMode) error {
	if err := os.WriteFile(path, content, mode); err != nil {
		return err
	}
	// The mask of the process does not count.
	return os.Chmod(path, mode)
}

// forgetBytecode removes what Python has compiled of a source. It knows a source by its size and the second of its
// change, and an edit may differ in neither.
func forgetBytecode(path string) {
	stem, isPython := strings.CutSuffix(filepath.Base(path), ".py")
	if !isPython {
		return
	}
	compiled, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "__pycache__", stem+".*.pyc"))
	for _, file := range compiled {
		os.Remove(file)
	}
}

// copyTree copies what is in a folder, with modes, times and links, into another one.
func copyTree(from, to string) error {
	type stamp struct {
		path string
		time time.Time
		mode fs.FileMode
	}
	var folders []stamp
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil || relative == "." {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		switch {
		case entry.IsDir():
			folders = append(folders, stamp{target, info.ModTime(), info.Mode().Perm()})
			return os.MkdirAll(target, 0o700)
		case info.Mode()&fs.ModeSymlink != 0:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		case info.Mode().IsRegular():
			if err := copyFile(path, target, info.Mode().Perm()); err != nil {
				return err
			}
			return os.Chtimes(target, info.ModTime(), info.ModTime())
		default:
			return nil
		}
	})
	// Afterwards, the deepest first: writing changes the time of a folder, and a mode may forbid it.
	for i := len(folders) - 1; i >= 0 && err == nil; i-- {
		folder := folders[i]
		// Whoever may read it may also write: changes are to come.
		err = errors.Join(os.Chmod(folder.path, folder.mode|0o700), os.Chtimes(folder.path, folder.time, folder.time))
	}
	return err
}

func copyFile(from, to string, mode fs.FileMode) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		return errors.Join(err, target.Close())
	}
	return errors.Join(target.Chmod(mode), target.Close())
}
