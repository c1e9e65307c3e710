namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>16 bytes of packed weights, loaded in one instruction: four 32-bit or eight 16-bit weights.</summary>
public struct Pack
{
    public uint A, B, C, D;
}
