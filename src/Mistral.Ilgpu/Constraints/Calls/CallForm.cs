namespace Mistral.Ilgpu.Constraints.Calls;

/// <summary>How a chat format writes calls of functions, and which may, or must, be written.</summary>
/// <param name="Calls">The control token that calls begin with.</param>
/// <param name="Arguments">The control token before the arguments of a call, where each call has a token of its own; null where
/// calls are a list in JSON.</param>
/// <param name="CallId">The control token before the id of a call; null for none.</param>
/// <param name="Think">The control tokens around reasoning; empty for none.</param>
/// <param name="Tools">What may be called.</param>
/// <param name="IsRequired">Whether something must be called.</param>
/// <param name="IsParallel">Whether there may be several calls.</param>
/// <param name="Answer">The form of an answer without calls; null for any.</param>
internal sealed record CallForm(
    int Calls, int? Arguments, int? CallId, IReadOnlyList<int> Think, IReadOnlyList<CallTool> Tools, bool IsRequired,
    bool IsParallel, ConstraintSource? Answer);
