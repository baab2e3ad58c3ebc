module redan.example/pion_peer

go 1.19
