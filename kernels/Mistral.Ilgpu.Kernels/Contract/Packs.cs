namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>16 bytes of packed weights, loaded in one instruction: four 32-bit or eight 16-bit weights.</summary>
public struct Pack
{
    public uint A, B, C, D;
}

/// <summary>Two neighbouring activations, loaded in one instruction.</summary>
public struct Float2
{
    public float A, B;
}

/// <summary>Four neighbouring activations, loaded in one instruction.</summary>
public struct Float4
{
    public float A, B, C, D;
}
