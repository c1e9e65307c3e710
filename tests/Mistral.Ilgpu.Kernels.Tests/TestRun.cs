using Xunit;

// A device is for one thread at a time, and all tests share the devices.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
