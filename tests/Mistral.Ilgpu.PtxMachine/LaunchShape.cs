namespace Mistral.Ilgpu.PtxMachine;

/// <summary>Three numbers of groups or of threads.</summary>
public readonly record struct Extent(int X, int Y = 1, int Z = 1)
{
    public int Count => X * Y * Z;

    /// <summary>The coordinates of an index, x first.</summary>
    internal Extent At(int index) => new(index % X, index / X % Y, index / X / Y);

    public override string ToString() => $"({X}, {Y}, {Z})";
}

/// <summary>How a kernel is launched.</summary>
/// <param name="DynamicSharedBytes">Shared memory beyond what the module declares.</param>
/// <param name="IsReversed">Whether groups, and the threads of each, run from the last to the first: no result may depend on
/// it.</param>
public readonly record struct LaunchShape(Extent Grid, Extent Group, int DynamicSharedBytes = 0, bool IsReversed = false);
