using System.Reflection;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>
/// Loads kernels for the CPU accelerator without compiling them. The accelerator runs the kernel's own method as the C#
/// compiler emitted it, but ILGPU first compiles the method to its own form and discards the result.
/// This loader passes an empty method to that step, once. Loading then takes no time, and a kernel may contain code that no GPU
/// can run (see <see cref="CpuFormAttribute"/>).
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

    /// <summary>The method that ILGPU compiles in place of every kernel's. It is public because generated code may call
    /// it.</summary>
    public static void Nothing()
    {
    }

    KernelWatch? IKernelLoader.Watch { get; set; }

    Action<AcceleratorStream, KernelConfig, TKernel> IKernelLoader.Load<TKernel>() =>
        Load<Action<AcceleratorStream, KernelConfig, TKernel>>(((Action<TKernel>)KernelEntry.Run).Method);

    /// <summary>Creates the launcher of a method.</summary>
    /// <param name="entry">A static method; its parameters follow stream and shape in the launcher's.</param>
    internal TLauncher Load<TLauncher>(MethodInfo entry)
        where TLauncher : Delegate
    {
        var compiled = _backend.Compile(_nothing.Value, EntryPointDescription.FromExplicitlyGroupedKernel(entry), default);
        return _accelerator.LoadKernel(compiled).CreateLauncherDelegate<TLauncher>();
    }
}
