using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.PtxMachine.Driver;

/// <summary>Modules, functions and their launches.</summary>
public static unsafe partial class CudaDriver
{
    // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    private const int MaxDynamicSharedBytes = 8;

    // CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT
    private const int PreferredSharedPart = 9;

    [UnmanagedCallersOnly]
    private static CudaResult cuModuleLoadDataEx(nint* module, byte* text, int optionCount, int* options, nint* values)
    {
        var result = Call(() =>
        {
            Current.RefuseWhileCapturing("a module was loaded");
            string ptx = Marshal.PtrToStringUTF8((nint)text)!;
            RefuseOtherTarget(ptx);
            try
            {
                *module = NewHandle(new Module(PtxKernel.Parse(ptx)));
            }
            catch (PtxException exception)
            {
                throw new CudaFault(CudaResult.InvalidPtx, exception.Message);
            }
        });
        if (result != CudaResult.Success)
        {
            WriteLog(LastMessages[result].Message, new ReadOnlySpan<int>(options, optionCount), values);
        }

        return result;
    }

    [UnmanagedCallersOnly]
    private static CudaResult cuModuleUnload(nint module) => Call(() =>
    {
        Current.RefuseWhileCapturing("a module was unloaded");
        Current.Drain();
        Take<Module>(module);
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuModuleGetFunction(nint* function, nint module, byte* name) => Call(() =>
    {
        var found = Get<Module>(module);
        string wanted = Marshal.PtrToStringUTF8((nint)name)!;
        *function = found.Kernel.Name == wanted
            ? NewHandle(new Function(found.Kernel, new PtxInterpreter(found.Kernel)))
            : throw new CudaFault(CudaResult.NotFound, $"the module has {found.Kernel.Name} and no {wanted}");
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuFuncSetAttribute(nint handle, int attribute, int value) => Call(() =>
    {
        int most = Current.Device.MostSharedBytes;
        var function = Get<Function>(handle);
        if (attribute == PreferredSharedPart)
        {
            Require(
                value is >= -1 and <= 100,
                $"{function.Kernel.Name}: {value} % of the cache as shared memory, expected -1 to 100");
            function.PreferredSharedPart = value;
            return;
        }

        Require(attribute == MaxDynamicSharedBytes, $"attribute {attribute} is not modelled");
        Require(
            value >= 0 && function.Kernel.SharedBytes + value <= most,
            $"{function.Kernel.Name}: {value} bytes of dynamic shared memory and {function.Kernel.SharedBytes} of its own, expected at most {most}");
        function.MostDynamicSharedBytes = value;
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuLaunchKernel(
        nint handle, int gridX, int gridY, int gridZ, int groupX, int groupY, int groupZ, int sharedBytes, nint stream, nint* arguments, nint* extra) => Call(() =>
    {
        var function = Get<Function>(handle);
        var (grid, group) = (new Extent(gridX, gridY, gridZ), new Extent(groupX, groupY, groupZ));
        Require(Fits(grid, CudaDeviceModel.MaxGrid), $"{function.Kernel.Name}: a grid of {grid}, expected 1 to {CudaDeviceModel.MaxGrid}");
        Require(
            Fits(group, CudaDeviceModel.MaxGroup) && group.Count <= CudaDeviceModel.MaxThreadsPerGroup,
            $"{function.Kernel.Name}: a group of {group}, expected 1 to {CudaDeviceModel.MaxGroup} and {CudaDeviceModel.MaxThreadsPerGroup} in all");
        Require(
            function.Kernel.MostThreads is not { } most || Fits(group, most),
            $"{function.Kernel.Name}: a group of {group}, assembled for {function.Kernel.MostThreads} at most");
        Require(
            sharedBytes >= 0 && sharedBytes <= function.MostDynamicSharedBytes,
            $"{function.Kernel.Name}: {sharedBytes} bytes of dynamic shared memory, expected at most {function.MostDynamicSharedBytes}");
        byte[] parameters = Parameters(extra);
        Require(
            arguments is null && parameters.Length == function.Kernel.ParameterBytes,
            $"{function.Kernel.Name}: {parameters.Length} bytes of parameters, expected {function.Kernel.ParameterBytes}");
        Counts.Launches++;
        Counts.SharedParts.Add(function.PreferredSharedPart);
        StreamOf(stream).Add(new Command(() => function.Run(grid, group, sharedBytes, parameters), Function: handle));
    });

    // PTX for sm_90 is valid for newer devices too, PTX for sm_90a for sm_90 alone.
    private static void RefuseOtherTarget(string ptx)
    {
        int has = Current.Device.Architecture;
        if (Target().Match(ptx) is { Success: true } target
            && int.Parse(target.Groups["least"].ValueSpan, CultureInfo.InvariantCulture) is var least && (target.Groups["alone"].Success ? has != least : has < least))
        {
            throw new CudaFault(CudaResult.NoBinaryForGpu, $"a module with {target.Value}, on a device of sm_{has}");
        }
    }

    private static bool Fits(Extent value, Extent most) =>
        value.X >= 1 && value.Y >= 1 && value.Z >= 1 && value.X <= most.X && value.Y <= most.Y && value.Z <= most.Z;

    // CU_LAUNCH_PARAM_BUFFER_POINTER, the buffer, CU_LAUNCH_PARAM_BUFFER_SIZE, where its size is, CU_LAUNCH_PARAM_END
    private static byte[] Parameters(nint* extra)
    {
        const int End = 0;
        const int BufferPointer = 1;
        const int BufferSize = 2;
        byte* buffer = null;
        nint size = 0;
        for (; extra is not null && *extra != End; extra += 2)
        {
            switch (*extra)
            {
                case BufferPointer:
                    buffer = (byte*)extra[1];
                    break;
                case BufferSize:
                    size = *(nint*)extra[1];
                    break;
                default:
                    throw new CudaFault(CudaResult.InvalidValue, $"what is {*extra} among the launch's options?");
            }
        }

        return new ReadOnlySpan<byte>(buffer, (int)size).ToArray();
    }

    private static void WriteLog(string message, ReadOnlySpan<int> options, nint* values)
    {
        const int LogBuffer = 5;
        const int LogBufferBytes = 6;
        int buffer = options.IndexOf(LogBuffer);
        int bytes = options.IndexOf(LogBufferBytes);
        if (buffer >= 0 && bytes >= 0)
        {
            var log = new Span<byte>((void*)values[buffer], (int)values[bytes]);
            log.Clear();
            var text = Encoding.ASCII.GetBytes(message);
            text.AsSpan(0, Math.Min(text.Length, log.Length - 1)).CopyTo(log);
        }
    }

    [GeneratedRegex(@"^\.target sm_(?<least>\d+)(?<alone>a)?\b", RegexOptions.Multiline)]
    private static partial Regex Target();

    private sealed record Module(PtxKernel Kernel);

    private sealed class Function(PtxKernel kernel, PtxInterpreter interpreter)
    {
        private bool _isReversed = true;

        public PtxKernel Kernel => kernel;

        /// <summary>What a launch may give it: not even nothing where it declares more than there is.</summary>
        public int MostDynamicSharedBytes { get; set; } = CudaDeviceModel.MaxSharedBytes - kernel.SharedBytes;

        /// <summary>Percent of a multiprocessor's cache that are shared memory while it runs; −1 where the driver
        /// chooses.</summary>
        public int PreferredSharedPart { get; set; } = -1;

        // Every second launch runs its groups and threads from the last to the first.
        public void Run(Extent grid, Extent group, int sharedBytes, byte[] parameters)
        {
            _isReversed = !_isReversed;
            interpreter.Launch(new LaunchShape(grid, group, sharedBytes, _isReversed), parameters, Memory);
        }
    }
}
