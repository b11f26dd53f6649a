from stub_service import main

main("library")
