namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>Two neighbouring activations, loaded in one instruction.</summary>
public struct Floats2
{
    public float A, B;
}
