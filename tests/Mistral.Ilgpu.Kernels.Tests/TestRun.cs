using Xunit.Sdk;
using Xunit.v3;

// A device is for one thread at a time, and all tests share the devices.
[assembly: Parallelization(Mode = ParallelMode.None)]
