@echo off
rem Runs vapp with the Node of the editor, which names it in VELOCITAS_NODE, else with the one on the PATH.
setlocal
set ELECTRON_RUN_AS_NODE=1
if not exist "%VELOCITAS_NODE%" set VELOCITAS_NODE=node
"%VELOCITAS_NODE%" "%~dp0..\dist\cli.js" %*
