namespace Mistral.Ilgpu.PtxMachine;

/// <summary>The registers that hardware fills, in the order of their slots.</summary>
internal enum SpecialRegister
{
    ThreadX,
    ThreadY,
    ThreadZ,
    GroupSizeX,
    GroupSizeY,
    GroupSizeZ,
    GroupX,
    GroupY,
    GroupZ,
    GridX,
    GridY,
    GridZ,
    Lane,
    Warp,
    DynamicSharedBytes,
    ClusterRank,
    ClusterSize,
}

/// <summary>One entry point, decoded.</summary>
public sealed class PtxKernel
{
    internal PtxKernel(string name, Instruction[] code, ulong[] slots, int specialAt)
    {
        Name = name;
        Code = code;
        HasGlobalAtomics = code.Any(
            instruction => instruction is { Kind: InstructionKind.Atomic, Space: not AddressSpace.Shared });
        HasWarpgroupProducts = code.Any(instruction => instruction.Text.Contains("wgmma.mma_async", StringComparison.Ordinal));
        HasRegisterFactors = HasWarpgroupProducts && code.Any(
            instruction => instruction.Counts is [_, 4, ..] && instruction.Text.Contains("wgmma.mma_async", StringComparison.Ordinal));
        HasBulkCopies = code.Any(instruction => instruction is { Kind: InstructionKind.Bulk, Bulk: BulkOperation.Copy });
        AwaitsPredecessor = code.Any(instruction => instruction.Kind == InstructionKind.Await);
        Slots = slots;
        SpecialAt = specialAt;
    }

    /// <summary>Bytes of the by-value parameter.</summary>
    public int ParameterBytes { get; internal init; }

    internal string Name { get; }

    internal Instruction[] Code { get; }

    /// <summary>Whether its groups may exchange data.</summary>
    internal bool HasGlobalAtomics { get; }

    internal bool HasWarpgroupProducts { get; }

    /// <summary>Whether there are some whose first factor is in registers.</summary>
    internal bool HasRegisterFactors { get; }

    /// <summary>Whether copies bring tiles to shared memory in bulk.</summary>
    internal bool HasBulkCopies { get; }

    /// <summary>Whether it waits by itself for the kernel before, and may begin while that runs.</summary>
    internal bool AwaitsPredecessor { get; }

    /// <summary>What a thread's slots hold when it starts: a pattern in registers, then special registers, then
    /// constants.</summary>
    internal ulong[] Slots { get; }

    /// <summary>The slot of the first special register.</summary>
    internal int SpecialAt { get; }

    /// <summary>Shared memory of known size; what a launch adds begins behind it.</summary>
    internal int SharedBytes { get; init; }

    /// <summary>The largest group that the kernel was assembled for; null where it did not say.</summary>
    internal Extent? MostThreads { get; init; }

    /// <summary>Groups of a cluster, neighbours in x.</summary>
    internal int ClusterSize { get; init; } = 1;

    internal int LocalBytes { get; init; }

    /// <summary>Decodes a module of one entry point.</summary>
    /// <exception cref="PtxException">Something in it is unknown; the message names it.</exception>
    public static PtxKernel Parse(string module) => new PtxParser(module).Parse();
}
