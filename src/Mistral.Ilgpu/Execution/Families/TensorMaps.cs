using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Drivers;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// The <see cref="TensorMap"/>s of a device. A map follows from a matrix's address and shape alone. So a matrix that takes the
/// place of another of the same shape has the same map, and maps are kept as long as the device. Their memory is no part of a
/// model's plan: 32 KiB for 256 of them, as little as the driver takes for a kernel.
/// </summary>
internal sealed class TensorMaps
{
    private const int MapsOfABlock = 256;

    private readonly ComputeDevice _device;
    private readonly Lock _gate = new();
    private readonly Dictionary<(nint Address, long Rows, int Stride, int TileRows), long> _maps = [];
    private readonly List<MemoryBuffer1D<byte, Stride1D.Dense>> _blocks = [];
    private int _left;

    private TensorMaps(ComputeDevice device) => _device = device;

    public static TensorMaps Of(ComputeDevice device) => device.Room(static one => new TensorMaps(one));

    /// <summary>Where the map of a matrix of 16-bit numbers is on the device.</summary>
    /// <param name="tileRows">Rows of the tiles that are copied.</param>
    /// <exception cref="DeviceException">The driver refuses, or is too old.</exception>
    public long Find(ArrayView<ushort> matrix, long rows, int stride, int tileRows)
    {
        lock (_gate)
        {
            var key = (matrix.LoadEffectiveAddressAsPtr(), rows, stride, tileRows);
            if (!_maps.TryGetValue(key, out long map))
            {
                _maps[key] = map = Add(
                    CudaTensorMap.Encode((CudaAccelerator)_device.Accelerator, key.Item1, rows, stride, tileRows));
            }

            return map;
        }
    }

    private long Add(byte[] map)
    {
        if (_left == 0)
        {
            // The device's accelerator frees it.
            _blocks.Add(_device.Accelerator.Allocate1D<byte>(MapsOfABlock * TensorMap.Bytes));
            _left = MapsOfABlock;
        }

        // The driver's memory begins at multiples of 256 bytes.
        var place = _blocks[^1].View.AsContiguous().SubView((MapsOfABlock - _left) * TensorMap.Bytes, TensorMap.Bytes);
        place.CopyFromCPU(_device.Stream, map);
        _left--;
        return place.LoadEffectiveAddressAsPtr();
    }
}
