namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// The architectures that instructions need (PTX ISA, "Target ISA Notes"), as far as kernels here are made for older ones. The
/// assembler refuses an instruction that is newer than the module's target.
/// </summary>
internal static class InstructionTargets
{
    /// <summary>75 for sm_75; 0 of what every architecture has.</summary>
    public static int Of(string mnemonic) => mnemonic.Split('.') switch
    {
        ["dp4a", ..] => 61,
        ["ldmatrix", ..] or ["mma", _, _, "m16n8k8", _, _, "f32", "f16", ..] => 75,
        ["cp", "async", "bulk", ..] or ["mbarrier", "try_wait", ..] or ["fence", "mbarrier_init", ..] or ["fence", "proxy", "tensormap::generic", ..] or ["setmaxnreg" or "mapa", ..] or ["barrier", "cluster", ..] => 90,
        ["mma", ..] or ["cp", "async", ..] or ["mbarrier", ..] => 80,
        ["cvt", .. var types] when types.Any(type => type is "bf16" or "bf16x2" or "f16x2") => 80,
        _ => 0,
    };
}
