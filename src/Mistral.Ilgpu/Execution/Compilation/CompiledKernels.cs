using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.IR.Types;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Mistral.Ilgpu.Execution.Drivers;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>
/// Kernels as ILGPU compiled them, kept between runs: making PTX or OpenCL C of a kernel's IL is most of what starting costs. The
/// driver makes machine code of the text, and keeps that itself. There is a file for each kernel and device; one that was made
/// by another build, or is damaged, is made again.
/// </summary>
internal sealed class CompiledKernels(Context context, Accelerator accelerator, string folder) : IKernelLoader, IDisposable
{
    private readonly ConcurrentDictionary<Type, Task<Kernel>> _kernels = [];
    private readonly ConcurrentDictionary<nint, bool> _mayBeginEarly = [];
    private readonly CancellationTokenSource _stop = new();

    private readonly string _target = accelerator switch
    {
        CudaAccelerator cuda => $"{cuda.Architecture}|{cuda.InstructionSet}",
        CLAccelerator cl => $"{cl.Name}|{cl.Vendor}|{cl.Backend.CLStdVersion}|{cl.Capabilities.SubGroups}",
        _ => "",
    };

    /// <summary>The folder in the user's cache.</summary>
    public static string DefaultFolder { get; } = Path.Combine(UserCache.Folder, "kernels");

    public KernelWatch? Watch { get; set; }

    /// <summary>Begins to compile a kernel, or to read the text that an earlier run made of it, and to have the driver make
    /// machine code of it; many at once.</summary>
    public void Prepare<TKernel>()
        where TKernel : struct, IKernel => Loaded<TKernel>();

    public Action<AcceleratorStream, KernelConfig, TKernel> Load<TKernel>()
        where TKernel : struct, IKernel
    {
        // The CPU accelerator runs the method itself.
        if (accelerator is not (CudaAccelerator or CLAccelerator))
        {
            return accelerator.LoadKernel<TKernel>(KernelEntry.Run);
        }

        var loading = Loaded<TKernel>();
        // What goes on in the driver then goes on, and the next who asks finds it.
        var kernel = (Watch is { } watch ? loading.WaitAsync(watch.Cancellation) : loading).GetAwaiter().GetResult();
        return kernel.CreateLauncherDelegate<Action<AcceleratorStream, KernelConfig, TKernel>>();
    }

    /// <summary>Waits for what is under way: no kernel may be loaded to an accelerator that is gone. What has not begun never
    /// does.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        foreach (var loading in _kernels.Values)
        {
            ((IAsyncResult)loading).AsyncWaitHandle.WaitOne();
        }
    }

    /// <summary>Whether a function of the driver is a loaded kernel that itself waits for the one before.</summary>
    public bool MayBeginEarly(nint function) => _mayBeginEarly.ContainsKey(function);

    private Task<Kernel> Loaded<TKernel>() =>
        _kernels.GetOrAdd(typeof(TKernel), static (kernel, kernels) => kernels.Begin(kernel), this);

    private Task<Kernel> Begin(Type kernel)
    {
        var watch = Watch;
        watch?.OnBegun(kernel);
        return Task.Run(
            () =>
            {
                var loaded = Load(new KernelForm(kernel), watch);
                watch?.OnLoaded(kernel);
                return loaded;
            },
            _stop.Token);
    }

    private Kernel Load(KernelForm form, KernelWatch? watch)
    {
        var text = MakeText(form, watch);
        _stop.Token.ThrowIfCancellationRequested();
        var kernel = Load(form, text);
        if (kernel is CudaKernel cuda && PtxTarget.AwaitsPredecessor(text.Source))
        {
            _mayBeginEarly[cuda.FunctionPtr] = true;
        }

        if (kernel is CudaKernel { FunctionPtr: var function } && form.DynamicSharedBytes > 0)
        {
            CudaSharedMemory.Allow((CudaAccelerator)accelerator, function, form.DynamicSharedBytes, form.Name);
        }

        return kernel;
    }

    private Kernel Load(KernelForm form, KernelText text)
    {
        var compiled = Rebuild(form, text);
        try
        {
            return accelerator.LoadKernel(compiled);
        }
        catch (CLException exception) when (accelerator is CLAccelerator cl && compiled is CLCompiledKernel source)
        {
            // Once more, because ILGPU gives the compiler's log to those alone who load by hand.
            var error = CLKernel.LoadKernel(
                cl, source.Name, source.Source, source.CVersion, out nint program, out _, out string? log);
            string call = log is not null ? "clBuildProgram" : program == 0 ? "clCreateProgramWithSource" : "clCreateKernel";
            throw OpenClFaults.OfCompiling(
                cl.Name.Trim(), form.Name, call, error == CLError.CL_SUCCESS ? exception.Error : error, log);
        }
    }

    private KernelText MakeText(KernelForm form, KernelWatch? watch)
    {
        string file = FileOf(form);
        string key = KeyOf(form);
        if (KernelText.Read(file, key) is { } kept)
        {
            return kept;
        }

        watch?.OnCompiling();
        var text = Compile(form);
        text.Write(file, key);
        return text;
    }

    /// <summary>Where a kernel's text for this device is kept.</summary>
    internal string FileOf(KernelForm form) =>
        Path.Combine(
            folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{_target}|{form.Kernel.FullName}")))[..32]);

    // A rebuilt kernel has the same name and another key, so files do not pile up.
    private string KeyOf(KernelForm form) => string.Join(
        '|', form.Kernel.Module.ModuleVersionId, typeof(IKernel).Module.ModuleVersionId,
        typeof(CompiledKernels).Module.ModuleVersionId,
        typeof(Context).Assembly.GetName().Version, _target, form.Kernel.FullName);

    private KernelText Compile(KernelForm form) => TextOf(
        accelerator.GetBackend().Compile(Describe(form), form.Bounds),
        accelerator is CudaAccelerator cuda ? cuda.Architecture : default);

    private CompiledKernel Rebuild(KernelForm form, KernelText text) =>
        accelerator is CLAccelerator cl ? RebuildForOpenCl(cl, form, text) : RebuildForCuda(context, form, text);

    /// <summary>What is kept of a kernel.</summary>
    /// <param name="architecture">That PTX is for.</param>
    internal static KernelText TextOf(CompiledKernel kernel, CudaArchitecture architecture)
    {
        var shared = EntryPointOf(kernel).SharedMemory;
        string source = kernel is PTXCompiledKernel ptx
            ? PtxTarget.For(architecture, PtxLocals.ToRegisters(ptx.PTXAssembly))
            : OpenClTarget.For(((CLCompiledKernel)kernel).Source);
        return new KernelText(shared.StaticSize, shared.HasDynamicMemory, source);
    }

    /// <summary>The kernel whose text was kept, ready to be loaded.</summary>
    internal static PTXCompiledKernel RebuildForCuda(Context context, KernelForm form, KernelText text) =>
        CreatePtxKernel(context, new EntryPoint(Describe(form), text.Shared, form.Bounds), null, text.Source);

    // A view is two arguments in OpenCL: a pointer and a length.
    private CLCompiledKernel RebuildForOpenCl(CLAccelerator cl, KernelForm form, KernelText text) => new(
        context, new SeparateViewEntryPoint(Describe(form), text.Shared, default, TypeContextOf(context), 2), null, text.Source,
        cl.Backend.CLStdVersion);

    private static EntryPointDescription Describe(KernelForm form) =>
        EntryPointDescription.FromExplicitlyGroupedKernel(form.Entry);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_EntryPoint")]
    private static extern EntryPoint EntryPointOf(CompiledKernel kernel);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_TypeContext")]
    private static extern IRTypeContext TypeContextOf(Context context);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern PTXCompiledKernel CreatePtxKernel(
        Context context, EntryPoint entryPoint, CompiledKernel.KernelInfo? info, string ptxAssembly);
}
