namespace Mistral.Ilgpu.Planning;

/// <summary>In what formats a model's tensors lie on a device: a checkpoint's, or all alike.</summary>
public interface IWeightSource
{
    /// <summary>Tensors of so many columns, the rows of each on the device below those of the one before.</summary>
    /// <param name="isLookedUp">Whether single rows are looked up, so that they lie in plain rows.</param>
    MatrixPlan Matrix(int columns, bool isLookedUp, params ReadOnlySpan<(string Name, int Rows)> tensors);
}
