namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>Four neighbouring activations, loaded in one instruction.</summary>
public struct Floats4
{
    public float A, B, C, D;
}
