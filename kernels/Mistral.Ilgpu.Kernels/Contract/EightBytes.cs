namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>Eight bytes, loaded or stored in one instruction.</summary>
public struct EightBytes
{
    public uint A, B;
}
