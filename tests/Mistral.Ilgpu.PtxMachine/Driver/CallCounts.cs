namespace Mistral.Ilgpu.PtxMachine.Driver;

/// <summary>The program's calls of the driver, for tests that count them.</summary>
public sealed class CallCounts
{
    /// <summary>Calls of each function, by its name, refused ones too.</summary>
    public Dictionary<string, int> Calls { get; } = [];

    /// <summary>Launches of kernels, captured ones too, but not those that a graph makes when it is played.</summary>
    public int Launches { get; internal set; }

    /// <summary>What launched kernels prefer of a multiprocessor's cache as shared memory, in percent; −1 where the driver
    /// chooses. A multiprocessor has to be empty for a change.</summary>
    public HashSet<int> SharedParts { get; } = [];

    /// <summary>Copies from or to host memory that is not locked, for which the caller waits.</summary>
    public int PageableCopies { get; internal set; }

    /// <summary>Kernels in the graph that was instantiated last.</summary>
    public int RecordedKernels { get; internal set; }

    /// <summary>Those of them that may begin before the kernel before has ended.</summary>
    public int EarlyKernels { get; internal set; }
}
