namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>How fast an AMD GPU reads its memory and issues instructions, as published.</summary>
/// <param name="Name">The card.</param>
/// <param name="GigabytesPerSecond">Memory bandwidth.</param>
/// <param name="ComputeUnits">Compute units of the card.</param>
/// <param name="SimdsOfUnit">SIMDs of a compute unit.</param>
/// <param name="Gigahertz">The peak clock.</param>
/// <param name="CyclesOfInstruction">Cycles that a SIMD needs for an ordinary vector instruction of one wave.</param>
/// <param name="CyclesOfConversion">For one that converts an integer of 32 bits or a half to a float, or back.</param>
/// <param name="MatrixOperations">Operations in a cycle of one SIMD's matrix core: products and sums in 16 bits.</param>
/// <param name="EightBitRate">How many times as fast it is in 8 bits.</param>
internal sealed record AmdRates(
    string Name, AmdGpu Gpu, double GigabytesPerSecond, int ComputeUnits, int SimdsOfUnit, double Gigahertz,
    int CyclesOfInstruction, int CyclesOfConversion, int MatrixOperations, int EightBitRate)
{
    /// <summary>
    /// RX 7900 XTX: 960 GB/s; 96 compute units are 48 work group processors of four SIMD32, which take a wave of 32 in a cycle;
    /// 2.5 GHz (AMD's table as a review at guru3d.com prints it). 123 TFLOP/s of 16 bits, as others repeat AMD's figure, are 512
    /// operations in a cycle of a compute unit; 8 bits are as fast.
    /// MI300X: 5,300 GB/s; 304 compute units of four SIMD16, which take a wave of 64 in four cycles (rocm.docs.amd.com, AMD GPU
    /// specifications; AMD's white paper on Graphics Core Next, whose compute units CDNA has); 2.1 GHz. 1,307.4 TFLOP/s of 16
    /// bits and 2,614.9 of 8 bits, as others repeat AMD's data sheet, are 2,048 and 4,096 operations.
    /// </summary>
    public static IReadOnlyList<AmdRates> Known { get; } =
    [
        new("RX 7900 XTX", AmdGpu.Gfx1100, 960, 96, 2, 2.5, 1, 1, 512 / 2, 1),
        new("MI300X", AmdGpu.Gfx942, 5300, 304, 4, 2.1, 4, 16, 2048 / 4, 2),
    ];

    /// <summary>SIMDs of all compute units.</summary>
    public int Simds => ComputeUnits * SimdsOfUnit;

    /// <summary>Teraflops of dense 16-bit products.</summary>
    public double Teraflops => Simds * Gigahertz * MatrixOperations / 1e3;

    /// <summary>Cycles of all SIMDs while the memory delivers a byte.</summary>
    public double CyclesOfByte => Simds * Gigahertz / GigabytesPerSecond;
}
