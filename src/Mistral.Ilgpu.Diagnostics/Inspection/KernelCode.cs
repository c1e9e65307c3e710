using ILGPU;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>
/// Generates the code of kernels without a device. It caches what the forms of a backend and an architecture share.
/// The first text of a form takes nearly all of the time, and the first form more than later ones.
/// </summary>
internal sealed class KernelCode : IDisposable
{
    private readonly Lazy<Context> _cuda = new(() => NewContext(isForCuda: true));
    private readonly Lazy<Context> _openCl = new(() => NewContext(isForCuda: false));

    /// <summary>PTX of a single form for one architecture.</summary>
    public static string PtxOf(KernelForm form, int architecture)
    {
        using var code = new KernelCode();
        return code.Ptx(form, architecture);
    }

    /// <summary>OpenCL C of a single form.</summary>
    public static string OpenClOf(KernelForm form, WaveFeatures waves = WaveFeatures.None)
    {
        using var code = new KernelCode();
        return code.OpenCl(form, waves);
    }

    /// <summary>PTX for an architecture.</summary>
    /// <param name="architecture">70 for sm_70 and so on. ILGPU may write an older target, because PTX is forward
    /// compatible.</param>
    public string Ptx(KernelForm form, int architecture)
    {
        var target = new CudaArchitecture(architecture / 10, architecture % 10);
        // Uses the oldest version of PTX that the target's instructions need, because older assemblers do not know newer ones.
        var version = architecture >= PtxTarget.Hopper ? CudaInstructionSet.ISA_80 : CudaInstructionSet.ISA_78;
        using var backend = new PTXBackend(_cuda.Value, target, version, null!);
        var kernel = (PTXCompiledKernel)KernelCompiler.Compile(backend, form);
        return PtxTarget.For(target, PtxLocals.ToRegisters(kernel.PTXAssembly));
    }

    /// <summary>OpenCL C for a device that has neither generic pointers, subgroups nor 16-bit floats.</summary>
    /// <param name="waves">What the device's compiler accepts for waves.</param>
    public string OpenCl(KernelForm form, WaveFeatures waves = WaveFeatures.None)
    {
        using var backend = new CLBackend(
            _openCl.Value, new CLCapabilityContext(true, false, false, false, false), CLDeviceVendor.Other, CLCVersion.CL30);
        return OpenClTarget.For(((CLCompiledKernel)KernelCompiler.Compile(backend, form)).Source, waves);
    }

    public void Dispose()
    {
        foreach (var context in new[] { _cuda, _openCl }.Where(context => context.IsValueCreated))
        {
            context.Value.Dispose();
        }
    }

    private static Context NewContext(bool isForCuda) => Context.Create(builder =>
        builder.Optimize(OptimizationLevel.O2).EnableAlgorithms().InlineStatements(FormatDescriptors.KernelTypes, isForCuda));
}
