using System.Diagnostics.CodeAnalysis;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>Puts the kernels of a step on the device's stream, one after the other.</summary>
/// <param name="run">Launches them for a pass.</param>
/// <param name="links">The same kernels for passes of decoded tokens alone, to be chained with those of other steps; null if they
/// cannot be chained.</param>
/// <param name="splitLinks">The kernels for texts with split attention; the same as <paramref name="links"/> if null.</param>
internal sealed class Launch(Action<Pass> run, IReadOnlyList<ILink>? links = null, IReadOnlyList<ILink>? splitLinks = null)
{
    /// <summary>A launch of no kernels.</summary>
    public static Launch Nothing { get; } = new(_ => { });

    public void Run(Pass pass) => run(pass);

    /// <summary>See <see cref="StepChains"/>.</summary>
    public IReadOnlyList<ILink>? Links(bool isSplit) => isSplit ? splitLinks ?? links : links;

    [return: NotNullIfNotNull(nameof(first)), NotNullIfNotNull(nameof(second))]
    public static Launch? operator +(Launch? first, Launch? second) => first is null || second is null
        ? first ?? second
        : new Launch((Action<Pass>)first.Run + second.Run, Join(first.Links(false), second.Links(false)),
            Join(first.Links(true), second.Links(true)));

    private static IReadOnlyList<ILink>? Join(IReadOnlyList<ILink>? first, IReadOnlyList<ILink>? second) =>
        first is null || second is null ? null : [.. first, .. second];
}
