<?php
header("Content-Type: text/plain");
echo "Hello from ", getmypid(), "\n";
