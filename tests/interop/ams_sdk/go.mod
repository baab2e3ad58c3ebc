module redan.example/ams_sdk

go 1.19
