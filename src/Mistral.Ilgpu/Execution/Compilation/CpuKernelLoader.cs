using System.Reflection;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>
/// Loads kernels for the CPU accelerator without translating them. What it runs is the kernel's own method, as the C# compiler
/// made it; ILGPU translates the method to its own form first all the same and throws that away. Here it is given an empty method
/// to translate instead, once: loading takes no time, and such a kernel may do what no GPU can, see
/// <see cref="CpuFormAttribute"/>.
/// </summary>
internal sealed class CpuKernelLoader : IKernelLoader
{
    private readonly CPUAccelerator _accelerator;
    private readonly Backend _backend;
    private readonly Lazy<ILGPU.IR.Method> _nothing;

    internal CpuKernelLoader(CPUAccelerator accelerator)
    {
        _accelerator = accelerator;
        _backend = accelerator.GetBackend();
        _nothing = new(() =>
            _backend.PreCompileKernelMethod(EntryPointDescription.FromExplicitlyGroupedKernel(((Action)Nothing).Method)));
    }

    /// <summary>Stands for every kernel's method while ILGPU translates; public because generated code may call it.</summary>
    public static void Nothing()
    {
    }

    KernelWatch? IKernelLoader.Watch { get; set; }

    Action<AcceleratorStream, KernelConfig, TKernel> IKernelLoader.Load<TKernel>() =>
        Load<Action<AcceleratorStream, KernelConfig, TKernel>>(((Action<TKernel>)KernelEntry.Run).Method);

    /// <summary>The launcher of a method.</summary>
    /// <param name="entry">A static method, whose parameters the launcher takes behind stream and shape.</param>
    internal TLauncher Load<TLauncher>(MethodInfo entry)
        where TLauncher : Delegate
    {
        var compiled = _backend.Compile(_nothing.Value, EntryPointDescription.FromExplicitlyGroupedKernel(entry), default);
        return _accelerator.LoadKernel(compiled).CreateLauncherDelegate<TLauncher>();
    }
}
