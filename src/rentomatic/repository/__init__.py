"""The storages of rooms behind `rentomatic.use_cases.ports.RoomRepository`, none knowing another."""
