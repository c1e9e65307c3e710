namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>An architecture of Intel's GPUs.</summary>
/// <param name="Name">As Intel's offline compiler writes it, such as dg2.</param>
/// <param name="Generation">The architecture's name and a card that has it.</param>
internal sealed record IntelGpu(string Name, string Generation)
{
    public static IntelGpu Dg2 { get; } = new("dg2", "Xe-HPG: Arc A770");

    public static IntelGpu TigerLake { get; } = new("tgllp", "Xe-LP: Iris Xe");

    /// <summary>One of each generation that kernels are compiled for.</summary>
    public static IReadOnlyList<IntelGpu> Known { get; } = [Dg2, TigerLake];

    /// <summary>The architecture of a name; null if it is not known here.</summary>
    public static IntelGpu? Of(string name) => Known.FirstOrDefault(gpu => gpu.Name == name);

    public override string ToString() => Name;
}
