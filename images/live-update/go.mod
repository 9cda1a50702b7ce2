module vscode-velocitas/live-update

go 1.24.0
