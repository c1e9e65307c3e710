using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Frontend;
using ILGPU.IR;
using ILGPU.IR.Transformations;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>
/// ILGPU's compilation of a kernel, without work that nobody uses. ILGPU optimizes each method that a kernel is made of, and not
/// the kernel alone. A method holds all that was inlined in it, so the same code is optimized once for each level of calls above
/// it. Here only the kernel is optimized, with what it still calls once all is inlined.
/// </summary>
internal static class KernelCompiler
{
    private static readonly Transformer Inlining = Transformer.Create(TransformerConfiguration.Transformed, new Inliner());

    /// <summary>Many may compile at once. What a context has compiled before does not change the result.</summary>
    public static CompiledKernel Compile(Backend backend, KernelForm form)
    {
        var entry = EntryPointDescription.FromExplicitlyGroupedKernel(form.Entry);
        using var kernel = Inline(backend.Context, entry, out var method);
        kernel.Transform(Optimizing(backend.Context));
        return backend.Compile(method, entry, form.Bounds);
    }

    // The context's passes, and one before structures are taken apart.
    private static Transformer Optimizing(Context context)
    {
        var passes = context.GetTransformer().Transformations;
        int lowering = passes.IndexOf(passes.First(pass => pass is LowerStructures));
        return Transformer.Create(TransformerConfiguration.Transformed, passes.Insert(lowering, new FieldsAtTheirStructures()));
    }

    // The kernel's method and those that it still calls, in a context of their own.
    private static IRContext Inline(Context context, EntryPointDescription entry, out Method method)
    {
        using var phase = context.BeginCodeGeneration();
        CodeGenerationResult generated;
        using (var frontend = phase.BeginFrontendCodeGeneration())
        {
            // There once the frontend is done.
            generated = frontend.GenerateCode(entry.MethodSource);
        }

        if (phase.IsFaulted)
        {
            throw phase.LastException!;
        }

        phase.IRContext.Transform(Inlining);
        return generated.Result!.ExtractToContext(out method);
    }
}
