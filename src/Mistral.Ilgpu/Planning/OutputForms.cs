namespace Mistral.Ilgpu.Planning;

/// <summary>The forms beside float32 in which an operation writes its output, for the next product.</summary>
/// <param name="Int8">Whether it is also written in eight bits.</param>
/// <param name="Rounded">The 16-bit format in which rows of prompts are written instead of float32; null for none.</param>
internal readonly record struct OutputForms(bool Int8 = false, TensorFormat? Rounded = null)
{
    /// <summary>The first of an operation's rows in a pass that are written in 16 bits; the number of rows if there are
    /// none.</summary>
    public int FirstRounded(Operation operation, Pass pass) =>
        Rounded is null ? operation.Rows.Count(pass)
        : operation.Rows == RowSet.Logits ? (pass.IsScoring ? 0 : pass.LogitCount)
        : pass.DecodeCount;
}
