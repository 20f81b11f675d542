@echo off
setlocal
set ELECTRON_RUN_AS_NODE=1
if not defined TOKENSMITH_NODE set TOKENSMITH_NODE=node
"%TOKENSMITH_NODE%" "%~dp0..\dist\daemon.js" %*
