namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>Eight bytes, loaded in one instruction.</summary>
public struct EightBytes
{
    public uint A, B;
}
