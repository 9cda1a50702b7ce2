module vapp.internal/stand-in-pause

go 1.24.0
