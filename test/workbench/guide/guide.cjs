const vscode = require('vscode');

exports.activate = () => vscode.commands.executeCommand('velocitas.explorer.focus');
