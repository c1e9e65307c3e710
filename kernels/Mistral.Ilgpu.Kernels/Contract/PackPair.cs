namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>32 bytes, loaded in two instructions of one address.</summary>
public struct PackPair
{
    public Pack Low, High;
}
