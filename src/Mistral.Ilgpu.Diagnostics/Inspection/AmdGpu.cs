namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>An architecture of AMD's GPUs, and what the compiler must be told of it.</summary>
/// <param name="Name">As LLVM writes it, such as gfx1100.</param>
/// <param name="Generation">The architecture's name and a card that has it.</param>
/// <param name="WaveSize">Lanes of a wave: what the driver compiles for unless a kernel asks for the other.</param>
/// <param name="Waves">The most waves that a SIMD holds.</param>
/// <param name="OlderLibrary">
/// The version in the device libraries that stands in where they do not know this architecture yet.
/// </param>
internal sealed record AmdGpu(string Name, string Generation, int WaveSize, int Waves, string OlderLibrary)
{
    public static AmdGpu Gfx1030 { get; } = new("gfx1030", "RDNA2: RX 6800", 32, 16, "1030");

    public static AmdGpu Gfx1100 { get; } = new("gfx1100", "RDNA3: RX 7900", 32, 16, "1030");

    public static AmdGpu Gfx1201 { get; } = new("gfx1201", "RDNA4: RX 9070", 32, 16, "1030");

    public static AmdGpu Gfx90A { get; } = new("gfx90a", "CDNA2: MI210, MI250", 64, 8, "90a");

    public static AmdGpu Gfx942 { get; } = new("gfx942", "CDNA3: MI300", 64, 8, "90a");

    /// <summary>One of each generation that kernels are compiled for.</summary>
    public static IReadOnlyList<AmdGpu> Known { get; } = [Gfx1030, Gfx1100, Gfx1201, Gfx90A, Gfx942];

    /// <summary>The architecture of a name; null if it is not known here.</summary>
    public static AmdGpu? Of(string name) => Known.FirstOrDefault(gpu => gpu.Name == name);

    public override string ToString() => Name;
}
