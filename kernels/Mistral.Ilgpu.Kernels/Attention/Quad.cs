namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>Four neighbouring cached elements, loaded in one instruction.</summary>
public struct Quad<TElement>
    where TElement : unmanaged
{
    public TElement A, B, C, D;
}
