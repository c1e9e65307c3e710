namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>The resources of an Intel GPU that a kernel uses, as its binary states them.</summary>
/// <param name="WaveSize">Lanes that run together.</param>
/// <param name="Registers">Registers of a thread, which has the lanes of one wave. Each register is of 32 bytes.</param>
/// <param name="SpillBytes">Memory of a thread for what has no register.</param>
/// <param name="LocalBytes">Local memory of a group.</param>
/// <param name="CallsFunctions">Whether a function is called, which is slow, or missing when the program is linked.</param>
internal sealed record IntelResources(int WaveSize, int Registers, int SpillBytes, int LocalBytes, bool CallsFunctions);
