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
/// A cache of the PTX or OpenCL C that ILGPU compiles, because compiling it is most of a start's time.
/// The driver compiles that text to machine code, and caches the result itself.
/// There is a file for each kernel and device. A file that is damaged or from another build is replaced.
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

    /// <summary>What the device's compiler accepts for waves.</summary>
    public WaveFeatures Waves { get; init; }

    private string Target => Waves == WaveFeatures.None ? _target : $"{_target}|{(int)Waves}";

    /// <summary>The cache's folder for the current user.</summary>
    public static string DefaultFolder { get; } = Path.Combine(UserCache.Folder, "kernels");

    public KernelWatch? Watch { get; set; }

    /// <summary>
    /// Starts to compile a kernel, or to read its cached text, and then has the driver compile it. Many kernels compile
    /// concurrently.
    /// </summary>
    public void Prepare<TKernel>()
        where TKernel : struct, IKernel => Loaded<TKernel>();

    public Action<AcceleratorStream, KernelConfig, TKernel> Load<TKernel>()
        where TKernel : struct, IKernel
    {
        // The CPU accelerator runs the kernel's method itself.
        if (accelerator is not (CudaAccelerator or CLAccelerator))
        {
            return accelerator.LoadKernel<TKernel>(KernelEntry.Run);
        }

        var loading = Loaded<TKernel>();
        // Cancelling does not stop the driver's compiler. The next request finds its result.
        var kernel = (Watch is { } watch ? loading.WaitAsync(watch.Cancellation) : loading).GetAwaiter().GetResult();
        return kernel.CreateLauncherDelegate<Action<AcceleratorStream, KernelConfig, TKernel>>();
    }

    /// <summary>
    /// Waits for compilations that are running, because no kernel may be loaded to an accelerator that is disposed. Those that
    /// have
    /// not started are dropped.
    /// </summary>
    public void Dispose()
    {
        _stop.Cancel();
        foreach (var loading in _kernels.Values)
        {
            ((IAsyncResult)loading).AsyncWaitHandle.WaitOne();
        }
    }

    /// <summary>Whether a driver's function is a loaded kernel that itself waits for the previous kernel.</summary>
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

        if (kernel is CudaKernel { FunctionPtr: var function })
        {
            CudaSharedMemory.PreferAll((CudaAccelerator)accelerator, function);
            if (form.DynamicSharedBytes > 0)
            {
                CudaSharedMemory.Allow((CudaAccelerator)accelerator, function, form.DynamicSharedBytes, form.Name);
            }
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
            // Loads again, because ILGPU returns the compiler's log only to callers that load the program themselves.
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

    /// <summary>The file of a kernel's text for this device.</summary>
    internal string FileOf(KernelForm form) =>
        Path.Combine(
            folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Target}|{form.Kernel.FullName}")))[..32]);

    // A rebuilt kernel keeps its file name and changes its key, so that old files do not accumulate.
    private string KeyOf(KernelForm form) => string.Join(
        '|', form.Kernel.Module.ModuleVersionId, typeof(IKernel).Module.ModuleVersionId,
        typeof(CompiledKernels).Module.ModuleVersionId,
        typeof(Context).Assembly.GetName().Version, Target, form.Kernel.FullName);

    private KernelText Compile(KernelForm form) => TextOf(
        KernelCompiler.Compile(accelerator.GetBackend(), form),
        accelerator is CudaAccelerator cuda ? cuda.Architecture : default, Waves);

    private CompiledKernel Rebuild(KernelForm form, KernelText text) =>
        accelerator is CLAccelerator cl ? RebuildForOpenCl(cl, form, text) : RebuildForCuda(context, form, text);

    /// <summary>The part of a compiled kernel that is cached.</summary>
    /// <param name="architecture">The target of the PTX.</param>
    /// <param name="waves">What the compiler of the OpenCL C accepts for waves.</param>
    internal static KernelText TextOf(
        CompiledKernel kernel, CudaArchitecture architecture, WaveFeatures waves = WaveFeatures.None)
    {
        var shared = EntryPointOf(kernel).SharedMemory;
        string source = kernel is PTXCompiledKernel ptx
            ? PtxTarget.For(architecture, PtxLocals.ToRegisters(ptx.PTXAssembly))
            : OpenClTarget.For(((CLCompiledKernel)kernel).Source, waves);
        return new KernelText(shared.StaticSize, shared.HasDynamicMemory, source);
    }

    /// <summary>The compiled kernel for a cached text, ready to be loaded.</summary>
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
