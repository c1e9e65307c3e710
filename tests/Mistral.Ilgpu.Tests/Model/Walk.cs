using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>How tests look into the passes of a model.</summary>
internal static class Walk
{
    /// <summary>Has a test take each step of a model's passes in place of its runner, until what is returned is
    /// disposed.</summary>
    public static IDisposable WalkBy(this MistralModel model, Action<Step, Pass> walk) =>
        model.Decorate(part => new Walked(part.Runner, part.Direct, walk));

    /// <summary>The runner of a kind that a model's family chose; null where it chose others.</summary>
    public static TRunner? Runner<TRunner>(this MistralModel model)
        where TRunner : class =>
            model.Parts[0].Runner as TRunner ?? (model.Parts[0].Runner as PassRunners)?.Runners.OfType<TRunner>().SingleOrDefault();

    private sealed class Walked(IPassRunner inner, DirectPasses direct, Action<Step, Pass> walk) : WalkedPasses(inner, direct)
    {
        public override void Launch(Step step, Pass pass) => walk(step, pass);
    }
}
