namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>Two floats, such as those of both halves of a run.</summary>
internal struct FloatPair
{
    public float Low, High;
}
