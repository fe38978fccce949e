"""The storages, each behind `rentomatic.use_cases.ports.RoomRepository`; none imports another."""
