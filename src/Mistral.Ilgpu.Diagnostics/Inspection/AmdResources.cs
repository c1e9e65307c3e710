namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>The resources of an AMD GPU that a kernel uses, as LLVM's assembly states them.</summary>
/// <param name="Vgprs">Vector registers.</param>
/// <param name="Agprs">Registers for sums of matrix instructions; 0 where the GPU has none.</param>
/// <param name="Sgprs">Scalar registers of a wave.</param>
/// <param name="ScratchBytes">Memory of each work item for what has no register.</param>
/// <param name="LocalBytes">Local memory of a group.</param>
/// <param name="WaveSize">Lanes of a wave.</param>
/// <param name="Waves">
/// Waves that a SIMD holds at once. LLVM knows registers and local memory, and assumes groups of 256 work items or fewer.
/// </param>
/// <param name="CallsFunctions">Whether a function is called, which is slow, or missing when the program is linked.</param>
internal sealed record AmdResources(
    int Vgprs, int Agprs, int Sgprs, int ScratchBytes, int LocalBytes, int WaveSize, int Waves, bool CallsFunctions);
