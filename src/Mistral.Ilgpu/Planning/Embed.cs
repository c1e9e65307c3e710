namespace Mistral.Ilgpu.Planning;

/// <summary>hidden[t] = table[id of t].</summary>
/// <param name="Table">vocabulary × columns, in one format.</param>
internal sealed record Embed(string Name, MatrixPlan Table, ActivationPlan Hidden) : Operation(Name, RowSet.Tokens)
{
    public override ActivationPlan? Input => null;

    public override ActivationPlan Output => Hidden;

    public override WeightPlan Weights => Table;

    /// <summary>The rows that are read and written.</summary>
    public override StepCost Cost(Pass pass) =>
        new(pass.TokenCount * ((Table.Bytes / Table.Rows) + ((long)Hidden.Columns * sizeof(float))), 0);
}
