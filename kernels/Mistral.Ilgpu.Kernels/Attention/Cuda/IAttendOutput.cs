using ILGPU;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>How attention writes its output.</summary>
public interface IAttendOutput
{
    /// <summary>Writes two neighbouring elements of a head.</summary>
    /// <param name="at">The first element's place, counted in elements, an even number.</param>
    static abstract void Write(ArrayView<float> output, long at, float first, float second);
}
